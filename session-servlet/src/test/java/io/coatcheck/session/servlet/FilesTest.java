package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpServletRequest;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Containers know shortcuts for files, from the disk to the socket. What the application did to the
 * session before is saved, and sent, all the same.
 */
@DisplayName("I5: files that the container's own servlet serves")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class FilesTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site = new Site(container);
    SessionFilter filter = SessionFilter.builder(site.manager).build();
    site.filters(
        filter,
        (request, response, chain) -> {
          ((HttpServletRequest) request).getSession().setAttribute("downloaded", "file");
          chain.doFilter(request, response);
        });
    browser = site.browser();
  }

  private void assertServed(Browser.Answer answer, int status, int length) {
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.response().headers().firstValue("Content-Length"))
        .contains(String.valueOf(length));
    assertThat(answer.setCookies()).hasSize(1);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("downloaded");
    assertThat(answer.response().headers().allValues("Cache-Control"))
        .anyMatch(value -> value.contains("no-store"));
  }

  @Test
  void wholeFile_isServed_withTheCookie() {
    Browser.Answer answer = browser.get("/files/file.bin");

    assertServed(answer, 200, Container.FILE_LENGTH);
    assertThat(answer.body()).hasSize(Container.FILE_LENGTH);
  }

  @Test
  void head_hasTheLength_andTheCookie() {
    assertServed(browser.send("HEAD", "/files/file.bin"), 200, Container.FILE_LENGTH);
  }

  @Test
  void range_isServed_withTheCookie() {
    Browser.Answer answer = browser.send("GET", "/files/file.bin", "Range", "bytes=1000-200999");

    assertServed(answer, 206, 200_000);
    assertThat(answer.response().headers().firstValue("Content-Range"))
        .contains("bytes 1000-200999/" + Container.FILE_LENGTH);
    assertThat(answer.body()).hasSize(200_000);
  }

  @Test
  void unsatisfiableRange_isAnsweredWithTheCookie() {
    Browser.Answer answer = browser.send("GET", "/files/file.bin", "Range", "bytes=900000-");

    assertThat(answer.status()).isEqualTo(416);
    assertThat(answer.setCookies()).hasSize(1);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("downloaded");
  }
}
