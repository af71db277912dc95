"""What the queue is asked beside its arrows: may it, when would it start, where does it stand."""
