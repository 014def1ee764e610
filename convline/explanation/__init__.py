"""Show what a model looks at: Grad-CAM, feature maps, filters."""
