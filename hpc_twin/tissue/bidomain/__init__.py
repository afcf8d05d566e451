"""Two potentials: the bidomain equations, what conducts, electrodes, and phi_e of a monodomain wave."""
