"""An artifact store in a folder that this machine and its cluster share: for ZenML it is not local."""

from __future__ import annotations

from zenml.artifact_stores import BaseArtifactStoreFlavor, LocalArtifactStore, LocalArtifactStoreConfig


class SharedFolderConfig(LocalArtifactStoreConfig):
    @property
    def is_local(self) -> bool:
        return False


class SharedFolder(LocalArtifactStore):
    pass


class SharedFolderFlavor(BaseArtifactStoreFlavor):
    @property
    def name(self) -> str:
        return "shared_folder"

    @property
    def config_class(self) -> type[SharedFolderConfig]:
        return SharedFolderConfig

    @property
    def implementation_class(self) -> type[SharedFolder]:
        return SharedFolder
