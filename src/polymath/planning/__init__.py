"""Planning as pure arithmetic: scaling laws, budgets, shapes of models, memory. Nothing here knows Kedro or torch."""
