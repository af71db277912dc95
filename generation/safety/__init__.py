"""What may not be drawn or shown: the rules, the check of pictures, what people report."""
