"""Trained models applied to files of one's own: `starloom predict ...`, one module a product."""

from starloom.predict.ages import add_psd_check
from starloom.predict.command import PRODUCTS, add_predict
from starloom.predict.weights import add_import_weights

__all__ = ["PRODUCTS", "add_import_weights", "add_predict", "add_psd_check"]
