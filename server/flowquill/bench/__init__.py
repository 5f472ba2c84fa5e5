"""Speed on this machine, a function a section; every figure of the README comes from here."""
