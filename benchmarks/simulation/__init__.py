"""The rules of the queue (generation.scheduling, generation.batching) driven by a made-up crowd."""
