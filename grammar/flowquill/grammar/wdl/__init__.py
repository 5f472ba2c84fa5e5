"""The Workflow Definition Language of Logic Apps and Power Automate: compiled to, decompiled from, compared."""
