"""Has containers of images looked into; pairs of an image and what is wanted of it are the argument, as JSON."""

from __future__ import annotations

import json
import sys

from handing_out import out
from look import inside

if __name__ == "__main__":
    handles = [inside.run(wanted, image=image) for image, wanted in json.loads(sys.argv[1])]
    out([handle.wait(timeout=300) for handle in handles])
