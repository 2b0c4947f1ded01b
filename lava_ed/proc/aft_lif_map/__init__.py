"""AFT-LIF neurons of feature maps, pooled by sum or by or, and their ProcessModel."""
