"""AFT-IF neurons of feature maps, pooled by earliest spike, and their ProcessModel."""
