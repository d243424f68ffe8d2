"""Submit a flow that stays in its second checkpoint; the argument is the number of retries."""

from __future__ import annotations

import sys

from gated_second import three

if __name__ == "__main__":
    print(three.run(retries=int(sys.argv[1])).exec_id)
