"""Mail and chat messages on their way to servers, and the catcher: the embedded mailbox."""
