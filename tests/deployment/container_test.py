"""The container images: built without an engine, run from their own root file systems."""

import json
import os
import re
import shutil
import unittest

import harness
import images
import manifests

COMPRESSED_LIMIT = 100 * 1000 * 1000
USER = 10001


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = images.image()
        cls.archive, cls.root, cls.config = cls.image.archive, cls.image.root, cls.image.config

    def test_serves_as_no_root_on_a_root_that_cannot_be_written(self):
        volume = harness.scratch("image")
        self.addCleanup(shutil.rmtree, volume)
        os.chown(volume, USER, USER)
        # Not under the folder of the image: it is mounted over the volume's place.
        log = harness.WORK / "image-service.log"
        log.unlink(missing_ok=True)
        with harness.Root(self.root, read_only=True,
                          volumes={"/var/lib/supervision": str(volume)}) as root:
            touched = root.run("touch", "/etc/supervision/x", check=False)
            self.assertIn("Read-only file system", touched.stderr)
            service = root.start(*self.config["Entrypoint"], user=USER, log=log)
            try:
                harness.shows_its_alert(root, USER)
                health = self.config["Healthcheck"]["Test"]
                self.assertEqual(health[0], "CMD")
                self.assertEqual(root.run(*health[1:], user=USER).stdout, "SERVING\n")
            except AssertionError as error:
                raise AssertionError(f"{error}\n{log.read_text()[-3000:]}") from error
            self.assertEqual(root.stop(service), 0)

    def test_names_its_user_ports_volume_and_version(self):
        self.assertEqual(self.config["User"], f"{USER}:{USER}")
        self.assertEqual(set(self.config["ExposedPorts"]), {"50051/tcp", "9464/tcp"})
        self.assertEqual(set(self.config["Volumes"]), {"/var/lib/supervision"})
        version = re.search(r"VERSION ([\d.]+)", (harness.ROOT / "CMakeLists.txt").read_text().split(
            "project(")[1])[1]
        self.assertEqual(self.config["Labels"]["org.opencontainers.image.version"], version)

    def test_is_small(self):
        size = self.archive.stat().st_size
        print(f"     the image has {size / 1e6:.1f} MB compressed", flush=True)
        self.assertLess(size, COMPRESSED_LIMIT)

    def test_has_no_compiler(self):
        tools = re.compile(r"^(.*-)?(gcc|g\+\+|cc|c\+\+|clang|cc1|cc1plus|ld|as|make|cmake|ninja)(-\d+)?$")
        found = [str(path) for folder in ("usr/bin", "usr/sbin", "usr/lib/gcc", "usr/local/bin")
                 for path in (self.root / folder).rglob("*") if tools.match(path.name)]
        self.assertEqual(found, [])

    def test_bill_of_materials_names_every_package(self):
        bill = json.loads((self.root / "usr/share/supervision/sbom.spdx.json").read_text())
        status = (self.root / "var/lib/dpkg/status").read_text()
        installed = [re.search(r"^Package: (\S+)", entry, re.MULTILINE)[1]
                     for entry in status.split("\n\n") if "\nStatus: install ok installed\n" in entry]
        self.assertEqual(sorted(package["name"] for package in bill["packages"]), sorted(installed))
        self.assertIn("redis-tools", installed)
        ids = [package["SPDXID"] for package in bill["packages"]]
        self.assertEqual(len(set(ids)), len(ids))


class StunnelImageTest(unittest.TestCase):
    def test_takes_the_shipped_configuration_as_no_root_on_a_root_that_cannot_be_written(self):
        image = images.stunnel()
        self.assertEqual(image.config["User"], f"{USER}:{USER}")
        log = harness.WORK / "stunnel.log"
        log.unlink(missing_ok=True)
        shipped = harness.ROOT / "deploy" / "kubernetes" / "replicas" / "stunnel.conf"
        authority = manifests.secrets() / "tls" / "ca.crt"
        readable = harness.scratch("stunnel-image")
        self.addCleanup(shutil.rmtree, readable)
        readable.chmod(0o755)
        for source in (shipped, authority):
            shutil.copyfile(source, readable / source.name)
        with harness.Root(image.root, read_only=True, volumes={
                "/etc/stunnel/stunnel.conf": readable / "stunnel.conf",
                "/run/stunnel/ca/ca.crt": readable / "ca.crt"}) as root:
            stunnel = root.start(*image.config["Entrypoint"], user=USER, log=log)
            harness.eventually(lambda: "Configuration successful" in log.read_text()
                               or stunnel.poll() is not None, "stunnel has read its configuration")
            self.assertIn("Configuration successful", log.read_text())


if __name__ == "__main__":
    unittest.main()
