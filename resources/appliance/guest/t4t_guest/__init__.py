"""The reference appliance's guest: takes a job from the host, computes it with Pythia 8, hands the result back.

Everything here runs under an emulated processor too, so the agent imports little: named tuples instead of dataclasses, no regular expressions,
no argument parser in the agent.
"""
