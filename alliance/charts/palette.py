"""The colours of the three components and their mean, on light and on dark ground.

Each keeps at least 6:1 contrast on its ground and stays apart from the others
under the common kinds of colour blindness; the areas are shades of grey that
nothing hangs on alone. `static/css/app.css` repeats them as variables, and a
test holds the two equal.
"""

LIGHT = {"total": "#1d2b2e", "trust": "#0b6e6e", "goals": "#8a4b08", "collaboration": "#3d4aa8"}
DARK = {"total": "#eef2f1", "trust": "#63d2c6", "goals": "#f0b35b", "collaboration": "#a9b4ff"}
INK = {"light": "#4a5a5e", "dark": "#b8c4c6"}
GRID = {"light": "#dfe4e3", "dark": "#3a474b"}
# Of what is usual, and of how well the smoothed course is known.
AREA = {"usual": "rgba(93, 111, 114, 0.16)", "band": "rgba(93, 111, 114, 0.22)"}
