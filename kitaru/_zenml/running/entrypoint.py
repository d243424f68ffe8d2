"""ZenML's entry point for containers, for modules that wait, while they are imported, for their own execution.

Nothing of Kitaru's is there when ZenML imports such a module, so that nobody could take up the import where it is to
end. The process begins anew with this module (see :mod:`kitaru._core.code.loading`), which can.
"""

from zenml.entrypoints import entrypoint

from kitaru._core.code.loading import let_modules_wait

if __name__ == "__main__":
    let_modules_wait()
    entrypoint.main()
