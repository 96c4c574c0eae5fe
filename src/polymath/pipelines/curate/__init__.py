"""Curate: public datasets in; a packed, stratified training mix out."""
