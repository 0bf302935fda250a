"""Debian's Chromium without a window, which tests drive by the WebDriver protocol."""

import pathlib
import shutil

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from .waiting import eventually

HEIGHT, WIDTH, PHONE_WIDTH = 1400, 1200, 400


class Browser:
    """One window, with what tests of the page want to know of it."""

    def __init__(self, directory: pathlib.Path):
        options = Options()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-proxy-server",
                         f"--user-data-dir={directory}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.resize(WIDTH)

    def close(self) -> None:
        self.driver.quit()

    def resize(self, width: int) -> None:
        """What the page sees; windows have a least width, this has none."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width <= PHONE_WIDTH})

    def prefer(self, scheme: str) -> None:
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def open(self, url: str) -> None:
        self.driver.get(url)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        return self.find(selector).text

    def wait(self, condition, what: str, seconds: float = 30) -> object:
        return eventually(condition, what, seconds)

    def complaints(self) -> list[str]:
        """What the browser has to say against the page, but for answers of the node that are no success."""
        return [one["message"] for one in self.driver.get_log("browser")
                if one["level"] in ("SEVERE", "WARNING") and "the server responded with a status" not in one["message"]]
