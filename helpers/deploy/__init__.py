"""Taking a trained model out of PyTorch: exporting, compressing, attacking and measuring it. Import the modules."""
