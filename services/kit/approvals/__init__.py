"""Approvals: one person proposes, others decide, and an approval takes effect with the decision.

Read in this order: `proposals` (what is proposed, and what a kind of approval must do), `workflow`
(the use cases), `tables` (the rows, and the constraints that no client can pass).
"""
