"""Stories of months that are lived twice: with every job in time, and with jobs that are late."""
