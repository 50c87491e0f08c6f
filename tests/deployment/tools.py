"""Tools that the tests take out of their Debian packages instead of installing them: Prometheus would
start as a service, and kubectl may be there from elsewhere."""

import pathlib

import harness

PACKAGES = {"kubectl": "kubernetes-client", "promtool": "prometheus", "prometheus": "prometheus",
            "stunnel": "stunnel4"}


def tool(name):
    """The path of a program, fetched once and kept with the build."""
    folder = harness.WORK / "tools"
    program = folder / "usr" / "bin" / name
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        downloads = pathlib.Path(folder / "downloads")
        downloads.mkdir(exist_ok=True)
        package = PACKAGES[name]
        harness.run("apt-get", "-qq", "-o", "Acquire::Retries=3", "-o", "APT::Sandbox::User=root",
                    "download", package, cwd=downloads)
        harness.run("dpkg-deb", "--extract", next(downloads.glob(f"{package}_*.deb")), folder)
    return program
