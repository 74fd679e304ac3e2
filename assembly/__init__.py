"""WHAT PUTS IT TOGETHER: settings, the real adapters, the processes."""
