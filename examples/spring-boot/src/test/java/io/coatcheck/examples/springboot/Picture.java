package io.coatcheck.examples.springboot;

import static io.coatcheck.test.clients.Chromium.press;

import io.coatcheck.test.clients.Chromium;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.chrome.ChromeDriver;

/**
 * Makes the picture of docs/SPRING.md from the running application: the page of an administrator,
 * and the same page on the next click after another one has taken the role away.
 */
final class Picture {

  private Picture() {}

  /**
   * Writes the picture.
   *
   * @param arguments the file
   */
  public static void main(String[] arguments) throws IOException {
    Path file = Path.of(arguments[0]);
    try (Site site = Site.start("picture");
        Chromium chromium = new Chromium(Files.createTempDirectory("picture"))) {
      ChromeDriver bob =
          chromium.device(
              "phone",
              options -> options.addArguments("--window-size=640,780", "--hide-scrollbars"));
      bob.get(site.url() + "/");
      bob.findElement(By.id("username")).sendKeys("bob");
      bob.findElement(By.id("password")).sendKeys("builder-1");
      press(bob, "/login");
      BufferedImage before = screenshot(bob);
      site.users().setAdmin("bob", false);
      press(bob.findElement(By.linkText("Account")));
      BufferedImage after = screenshot(bob);
      if (!ImageIO.write(sideBySide(before, after), "png", file.toFile())) {
        throw new IOException("no PNG can be written here: " + file);
      }
    }
  }

  private static BufferedImage screenshot(ChromeDriver browser) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(browser.getScreenshotAs(OutputType.BYTES)));
  }

  private static BufferedImage sideBySide(BufferedImage left, BufferedImage right) {
    int gap = 8;
    BufferedImage both =
        new BufferedImage(
            left.getWidth() + gap + right.getWidth(),
            Math.max(left.getHeight(), right.getHeight()),
            BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = both.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, both.getWidth(), both.getHeight());
    graphics.drawImage(left, 0, 0, null);
    graphics.drawImage(right, left.getWidth() + gap, 0, null);
    graphics.dispose();
    return both;
  }
}
