"""Programs of Lightning and of Hugging Face's Trainer, taken apart into what ``examine`` takes."""
