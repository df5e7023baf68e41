#!/usr/bin/env python3
"""Draws the pictures of the stand-in's image CDN: six product-like JPEGs, one PNG, one WebP.

Run it only to draw them again. It needs Pillow in a virtual environment:

    python3 -m venv /tmp/draw && /tmp/draw/bin/pip install pillow && /tmp/draw/bin/python draw.py
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SIZE = (600, 800)  # the portrait format of a marketplace card
SCALE = 2  # drawn larger and scaled down, for smooth edges


def mug(draw):
    draw.arc((760, 620, 1060, 1040), -90, 90, fill="#b33a3a", width=50)
    draw.rounded_rectangle((300, 500, 900, 1160), 60, fill="#c94f4f")
    draw.rounded_rectangle((300, 500, 420, 1160), 60, fill="#d86f6f")
    draw.ellipse((300, 450, 900, 560), fill="#7d2727")


def lamp(draw):
    draw.polygon([(420, 300), (780, 300), (980, 780), (220, 780)], fill="#f0c14b")
    draw.polygon([(420, 300), (520, 300), (400, 780), (220, 780)], fill="#f7d988")
    draw.rectangle((570, 780, 630, 1220), fill="#6b5b4d")
    draw.ellipse((380, 1180, 820, 1290), fill="#54473c")


def bottle(draw):
    draw.rounded_rectangle((430, 480, 770, 1290), 90, fill="#2f7d5b")
    draw.rectangle((530, 300, 670, 520), fill="#2f7d5b")
    draw.rectangle((515, 250, 685, 330), fill="#1d1d1d")
    draw.rectangle((430, 740, 770, 1040), fill="#f4efe2")
    draw.line((480, 820, 720, 820), fill="#2f7d5b", width=18)
    draw.line((480, 890, 650, 890), fill="#9a927e", width=14)


def shirt(draw):
    body = [
        (400, 380),
        (800, 380),
        (1080, 600),
        (960, 780),
        (850, 700),
        (850, 1260),
        (350, 1260),
        (350, 700),
        (240, 780),
        (120, 600),
    ]
    draw.polygon(body, fill="#3b6ea8")
    draw.ellipse((480, 300, 720, 470), fill="#eef1f5")
    for y in range(760, 1240, 90):
        draw.line((350, y, 850, y), fill="#d9e4f2", width=26)


def ball(draw):
    draw.ellipse((220, 420, 980, 1180), fill="#e8762d")
    draw.arc((220, 420, 980, 1180), 0, 360, fill="#5a2a0c", width=16)
    draw.line((600, 420, 600, 1180), fill="#5a2a0c", width=14)
    draw.line((220, 800, 980, 800), fill="#5a2a0c", width=14)
    draw.arc((-160, 420, 480, 1180), -46, 46, fill="#5a2a0c", width=14)
    draw.arc((720, 420, 1360, 1180), 134, 226, fill="#5a2a0c", width=14)


def book(draw):
    draw.polygon([(300, 360), (880, 440), (880, 1240), (300, 1160)], fill="#5b3b8c")
    draw.polygon([(300, 360), (360, 320), (940, 400), (880, 440)], fill="#f3efe6")
    draw.polygon([(880, 440), (940, 400), (940, 1200), (880, 1240)], fill="#d9d2c2")
    draw.polygon([(380, 520), (800, 578), (800, 660), (380, 602)], fill="#f1d36b")


def picture(shape):
    """The shape with a soft shadow on a light gradient."""
    size = (SIZE[0] * SCALE, SIZE[1] * SCALE)
    image = Image.linear_gradient("L").resize(size).point(lambda v: 250 - v // 8).convert("RGB")
    layer = Image.new("RGBA", size)
    shape(ImageDraw.Draw(layer))
    shadow = Image.new("RGBA", size, (40, 40, 50, 120))
    shadow.putalpha(layer.getchannel("A").point(lambda v: v // 3))
    image.paste(shadow, (24, 36), shadow.filter(ImageFilter.GaussianBlur(20)))
    image.paste(layer, (0, 0), layer)
    return image.resize(SIZE, Image.LANCZOS)


def main():
    here = Path(__file__).parent
    for shape in (mug, lamp, bottle, shirt, ball, book):
        picture(shape).save(here / f"{shape.__name__}.jpg", quality=85, optimize=True)
    picture(mug).resize((300, 400)).quantize(64).save(here / "mug.png", optimize=True)
    picture(lamp).save(here / "lamp.webp", quality=80)


if __name__ == "__main__":
    main()
