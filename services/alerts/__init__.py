"""From a risk state to a person who acts."""
