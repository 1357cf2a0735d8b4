"""What is drawn on a map, found by its colour."""

from base64 import b64encode

from playwright.sync_api import Page

#: Count the pixels of a colour in a picture, and find their middle.
FIND_COLOUR = """
async ([png, [red, green, blue]]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const { data } = pen.getImageData(0, 0, image.width, image.height);
  let n = 0, x = 0, y = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== red || data[i + 1] !== green || data[i + 2] !== blue) continue;
    n += 1;
    x += (i / 4) % image.width;
    y += Math.floor(i / 4 / image.width);
  }
  return { n, x: x / n, y: y / n };
}
"""


def on_map(page: Page, colour: tuple[int, int, int]) -> dict[str, float]:
    """Return how many pixels have this colour, `n`, and their middle, `x` and `y`."""
    picture = b64encode(page.locator(".map-canvas canvas").screenshot()).decode()
    found: dict[str, float] = page.evaluate(FIND_COLOUR, [picture, list(colour)])
    return found
