"""
Study: chemical tagging by representations from which Teff and log g have been taken away.

de Mijolla et al. (2021): FaderDis, FactorDis, PolyDis, and a stronger model, `contrastive`. A
library of twins says how well each finds stars of the same chemistry.
"""
