"""Approvals about borrowers: overrides by people, and relaxations that scoring proposes."""
