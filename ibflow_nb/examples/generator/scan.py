"""Turns a printed page into a scan: paper, skew, blur, noise, rotation, compression."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from time import gmtime

import numpy as np
import pypdfium2
from PIL import Image, ImageFilter


@dataclass(frozen=True)
class Scan:
    """How a page goes through the scanner.

    Attributes:
        dpi: resolution.
        skew: degrees counter-clockwise by which the paper lay askew.
        rotation: 0, 90, 180 or 270 degrees counter-clockwise by which it lay turned.
        blur: radius in pixels.
        smudge: top and bottom of a band across the paper, as fractions of its height, and the
            radius in pixels by which the print is smeared there.
        noise: standard deviation of the sensor's noise, in grey levels of 255.
        quality: of the JPEG compression.
        seed: of the noise.
    """

    dpi: int = 200
    skew: float = 0.0
    rotation: int = 0
    blur: float = 0.0
    smudge: tuple[float, float, float] | None = None
    noise: float = 0.0
    quality: int = 60
    seed: int = 0

    def image(self, pdf: bytes) -> Image.Image:
        """Scan the first page of a PDF to a grey image."""
        document = pypdfium2.PdfDocument(pdf)
        try:
            sheet = document[0].render(scale=self.dpi / 72, grayscale=True).to_pil()
        finally:
            document.close()
        paper = Image.eval(sheet, lambda level: 22 + level * 222 // 255)
        bed = Image.new("L", (paper.width + self.dpi // 4, paper.height + self.dpi // 4), 214)
        bed.paste(paper, (self.dpi // 8, self.dpi // 8))
        bed = bed.rotate(self.skew, Image.Resampling.BICUBIC, expand=True, fillcolor=214)
        bed = bed.rotate(self.rotation, expand=True)
        if self.blur:
            bed = bed.filter(ImageFilter.GaussianBlur(self.blur))
        if self.smudge:
            top, bottom, radius = self.smudge
            band = (0, int(top * bed.height), bed.width, int(bottom * bed.height))
            bed.paste(bed.crop(band).filter(ImageFilter.GaussianBlur(radius)), band)
        if self.noise:
            grain = np.random.default_rng(self.seed).normal(0, self.noise, (bed.height, bed.width))
            bed = Image.fromarray(np.clip(np.asarray(bed) + grain, 0, 255).astype(np.uint8))
        return bed

    def jpeg(self, pdf: bytes) -> bytes:
        """Give the scan as a JPEG file."""
        return self._saved(self.image(pdf), "JPEG", quality=self.quality)

    def png(self, pdf: bytes) -> bytes:
        """Give the scan as a PNG file of 16 grey levels."""
        grey = self.image(pdf).quantize(16, dither=Image.Dither.NONE)
        return self._saved(grey, "PNG", optimize=True)

    def tiff(self, *pdfs: bytes) -> bytes:
        """Give the scans of several sheets as one black and white fax TIFF."""
        pages = [self.image(pdf).point(lambda level: 255 * (level > 150), "1") for pdf in pdfs]
        return self._saved(
            pages[0], "TIFF", compression="group4", save_all=True, append_images=pages[1:]
        )

    def pdf(self, pdf: bytes) -> bytes:
        """Give the scan as a PDF that holds nothing but the image."""
        image = Image.open(BytesIO(self.jpeg(pdf)))
        return self._saved(
            image, "PDF", quality=self.quality, creationDate=gmtime(0), modDate=gmtime(0)
        )

    def _saved(self, image: Image.Image, kind: str, **options: object) -> bytes:
        buffer = BytesIO()
        image.save(buffer, kind, dpi=(self.dpi, self.dpi), **options)
        return buffer.getvalue()
