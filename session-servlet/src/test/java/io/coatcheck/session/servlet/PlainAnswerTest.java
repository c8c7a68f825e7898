package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Some responses send a negative length as it is (Spring's mock, that of AWS Lambda), and one
 * remembers a length beyond a reset and cuts off what is longer (Undertow).
 */
@DisplayName("An answer of the filter has the length of its own text")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class PlainAnswerTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;
  private final List<Long> lengths = new CopyOnWriteArrayList<>();
  private volatile boolean isNotReady;

  /** A response that records the lengths. */
  private final class Measured extends HttpServletResponseWrapper {

    Measured(HttpServletResponse response) {
      super(response);
    }

    @Override
    public void setContentLength(int length) {
      lengths.add((long) length);
      super.setContentLength(length);
    }

    @Override
    public void setContentLengthLong(long length) {
      lengths.add(length);
      super.setContentLengthLong(length);
    }

    @Override
    public ServletOutputStream getOutputStream() throws IOException {
      return isNotReady ? new NotReady(super.getOutputStream()) : super.getOutputStream();
    }
  }

  /** A stream in non-blocking mode that must not be written to yet. */
  private static final class NotReady extends ServletOutputStream {

    private final ServletOutputStream stream;

    NotReady(ServletOutputStream stream) {
      this.stream = stream;
    }

    @Override
    public boolean isReady() {
      return false;
    }

    @Override
    public void setWriteListener(WriteListener listener) {
      throw new IllegalStateException("there is one");
    }

    @Override
    public void write(int value) {
      throw new IllegalStateException("not ready");
    }

    @Override
    public void close() throws IOException {
      stream.close();
    }
  }

  @BeforeEach
  void start() {
    site = new Site(container);
    site.filters(
        (request, response, chain) ->
            chain.doFilter(request, new Measured((HttpServletResponse) response)),
        SessionFilter.builder(site.manager).build());
    browser = site.browser();
    browser.get("/begin");
    site.on(
        "/fail",
        (request, response) -> {
          response.setContentLength(5);
          request.getSession().setAttribute("b", "1");
          request.changeSessionId();
        });
    site.on(
        "/fail-in-the-writer",
        (request, response) -> {
          response.setContentLength(5);
          response.setCharacterEncoding("UTF-16BE");
          response.getWriter();
          site.store.fail("update");
          request.changeSessionId();
        });
    lengths.clear();
  }

  private void assertMeasured(Browser.Answer answer) {
    assertThat(answer.body()).endsWith(".\n");
    assertThat(answer.header("Content-Length")).isEqualTo("" + answer.body().length());
    assertThat(lengths).last().isEqualTo((long) answer.body().length());
    assertThat(lengths).allMatch(length -> length >= 0);
  }

  @Test
  @DisplayName("to a request of another site")
  void refusal() {
    Browser.Answer answer = browser.send("POST", "/begin", "Sec-Fetch-Site", "cross-site");

    assertThat(answer.status()).isEqualTo(403);
    assertMeasured(answer);
  }

  @Test
  @DisplayName("when the store fails, whatever length the page has declared")
  void failure() {
    site.store.fail("update");

    Browser.Answer answer = browser.get("/fail");

    assertThat(answer.status()).isEqualTo(503);
    assertMeasured(answer);
  }

  @Test
  @DisplayName("when the page has a writer")
  void failureOfAPageWithAWriter() {
    Browser.Answer answer = browser.get("/fail-in-the-writer");

    assertThat(answer.status()).isEqualTo(503);
    assertMeasured(answer);
  }

  @Test
  @DisplayName("and none, where it cannot be written")
  void notReady() {
    site.store.fail("update");
    isNotReady = true;

    Browser.Answer answer = browser.get("/fail");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.body()).isEmpty();
    assertThat(lengths).last().isEqualTo(0L);
    assertThat(lengths).allMatch(length -> length >= 0);
  }
}
