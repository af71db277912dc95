"""Measurements that print figures. README.md says how to read each."""
