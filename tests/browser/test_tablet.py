"""A tablet on the network: with the certificate it is as good as this machine's own browser, without it that is said."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from judging import violations
from playwright.sync_api import Error, sync_playwright

IP = "127.0.0.2"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


@pytest.fixture
def on_lan(tmp_path: Path, served_by, monkeypatch: pytest.MonkeyPatch):
    """`tk serve --lan` at an address that is not localhost; its authority lies beside the workspace."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.setattr(served_by, "extra", ("--lan", "--address", IP, "--no-live"))
    one = served_by(tmp_path / "w")
    one.link = one.process.stdout.readline().strip()
    one.base = one.link.partition("/#")[0]
    yield one
    one.stop()


@pytest.fixture
def tablet_of(tmp_path: Path):
    """A browser with a home of its own, that knows the authority or does not."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    missing = [
        name for name, path in (("chromium", found), ("libnss3-tools", shutil.which("certutil"))) if not path
    ]
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"apt install {' '.join(missing)}")
    database = tmp_path / "home/.pki/nssdb"
    database.mkdir(parents=True)
    certutil = ["certutil", "-d", f"sql:{database}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True, stdin=subprocess.DEVNULL)
    with sync_playwright() as playwright:
        browsers = []

        def start(*, knows: bool, **more):
            if knows:
                pem = (tmp_path / "own/tkcore/lan/ca.pem").read_text()
                (tmp_path / "ca.pem").write_text(pem[pem.index("-----BEGIN CERTIFICATE") :])
                subprocess.run([*certutil, "-A", "-n", "tkcore", "-t", "C,,", "-i", str(tmp_path / "ca.pem"), "-a"], check=True, stdin=subprocess.DEVNULL)  # fmt: skip
            browsers.append(playwright.chromium.launch(
                executable_path=found, env={**os.environ, "HOME": str(tmp_path / "home")},
                args=[*ARGS, f"--host-resolver-rules=MAP tkcore.lan {IP}"],
            ))  # fmt: skip
            return browsers[-1].new_context(locale="id-ID", has_touch=True, viewport={"width": 1024, "height": 768}, **more)  # fmt: skip

        yield start
        for browser in browsers:
            browser.close()


def test_with_the_certificate_a_tablet_records_and_begins_offline(on_lan, tablet_of, tablet_on) -> None:
    """It comes in by its link, taps are on the disk, and the page begins again while there is no server."""
    context = tablet_of(knows=True)
    tablet = tablet_on(context.new_page()).open(on_lan.link).live()
    tablet.seats("AB")
    tablet.settled()
    assert on_lan.said() == ["A>B"]
    page = tablet.page
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert page.evaluate("isSecureContext")
    assert page.locator("#bare").is_hidden()
    context.set_offline(True)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    # a name that leads here, and that the certificate does not have
    context.set_offline(False)
    with pytest.raises(Error, match="ERR_CERT_COMMON_NAME_INVALID"):
        context.new_page().goto(on_lan.base.replace(IP, "tkcore.lan"))


def test_without_the_certificate_the_page_is_without_offline(on_lan, tablet_of, tablet_on) -> None:
    """The browser warns; past the warning taps are stored, and it is said where the certificate is to be had."""
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        tablet_of(knows=False).new_page().goto(on_lan.base)
    tablet = tablet_on(tablet_of(knows=False, ignore_https_errors=True).new_page()).open(on_lan.link).live()
    tablet.seats("AB")
    tablet.settled()
    assert on_lan.said() == ["A>B"]
    bare = tablet.page.locator("#bare")
    bare.wait_for()
    assert (bare.inner_text(), bare.get_attribute("href")) == ("tanpa offline", "/install")
    other = tablet.page.context.new_page()
    assert other.goto(on_lan.base.replace(IP, "tkcore.lan")).status == 421


def test_the_page_that_explains_fits_every_screen(on_lan, tablet_of) -> None:
    """Nothing runs out at the side at 320 px, targets are large enough, and both languages say the same steps."""
    page = tablet_of(knows=True).new_page()
    page.set_viewport_size({"width": 320, "height": 568})
    page.goto(f"{on_lan.base}/install")
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heights = page.eval_on_selector_all("a, summary", "es => es.map(e => e.getBoundingClientRect().height)")
    assert min(heights) >= 24
    for tag in ("li", "details", "p", "code"):
        assert page.locator(f"#id {tag}").count() == page.locator(f"#en {tag}").count()
    assert violations(page) == []


def test_one_more_device_by_a_link_of_the_page(served, device, tablet_on) -> None:
    """The page draws the link; it lets the second browser in, and no third."""
    tablet = tablet_on(device().new_page()).open(served.url).live()
    tablet.tap("#who")
    tablet.page.locator("#observers .links button").last.tap()
    url = tablet.page.locator("#observers .url").inner_text()
    assert "obs1" in (tablet.page.locator("#observers svg").get_attribute("aria-label") or "")
    other = tablet_on(device().new_page()).open(url).live()
    other.seats("AB")
    other.settled()
    assert served.said() == ["A>B"]
    third = device().new_page()
    third.goto(url)
    third.wait_for_selector("#away:not([hidden])")
    assert not third.locator("main").is_visible()
