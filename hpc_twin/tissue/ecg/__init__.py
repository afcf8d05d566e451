"""Electrocardiograms: weights of electrodes on V, lead fields, leads, and what is measured on them."""
