"""A web service that reads handwritten digits: training its model, the model's folder, serving it, and load tests.

``train`` and ``model_folder`` write a model folder; ``serve`` and ``service`` answer requests from one, and import no
torch: a machine that serves needs none. So this file imports nothing: import the modules themselves.
"""
