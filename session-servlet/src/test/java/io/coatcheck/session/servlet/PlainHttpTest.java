package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.test.log.RecordedLog;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A browser that uses the site without TLS, and so drops the cookie")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class PlainHttpTest {

  @Parameter Container container;

  @AutoClose private final RecordedLog log = RecordedLog.of(SessionFilter.class);

  private Site site;
  private RawClient client;

  @BeforeEach
  void start() throws IOException {
    site = new Site(container);
    client = new RawClient(site.port());
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    site.close();
  }

  private void post(String host, String... headers) throws IOException {
    assertThat(client.sendTo(host, "POST", "/login", headers)).startsWith("HTTP/1.1 ");
  }

  private List<String> warnings() {
    return log.linesBeginning("A browser uses this site over plain HTTP");
  }

  @ParameterizedTest
  @CsvSource({
    "intranet:8080, http://intranet:8080, true",
    "192.168.0.7, http://192.168.0.7, true",
    "intranet, https://intranet, false",
    "localhost:8080, http://localhost:8080, false",
    "shop.localhost, http://shop.localhost, false",
    "127.0.0.1:8080, http://127.0.0.1:8080, false",
    "[::1]:8080, http://[::1]:8080, false",
    "intranet, http://elsewhere, false",
    "h, http://h, true",
  })
  void ownPage_isNoticed(String host, String origin, boolean noticed) throws IOException {
    post(host, "Origin: " + origin);
    assertThat(warnings()).hasSize(noticed ? 1 : 0);
  }

  @Test
  @DisplayName("a program, a trustworthy origin and another site's page show nothing")
  void others_areNotNoticed() throws IOException {
    post("intranet");
    assertThat(warnings()).isEmpty();
    post("intranet", "Origin: http://intranet", "Sec-Fetch-Site: same-origin");
    assertThat(warnings()).isEmpty();
  }

  @Test
  @DisplayName("is said once")
  void notice_isLoggedOnce() throws IOException {
    for (int i = 0; i < 3; i++) {
      post("intranet", "Origin: http://intranet");
    }
    assertThat(warnings()).hasSize(1);
    assertThat(warnings().get(0)).contains("\"http://intranet\"", "insecureForLocalDevelopment");
  }
}
