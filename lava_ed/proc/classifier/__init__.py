"""EDClassifier: the processes of a whole net, wired."""
