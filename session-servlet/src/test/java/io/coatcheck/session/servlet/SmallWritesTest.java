package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A page that is written in small pieces")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class SmallWritesTest {

  /** More than the buffers of both containers hold, of bytes and of characters. */
  private static final int PIECES = 100_000;

  private interface Piece {
    void write(HttpServletResponse response) throws Exception;
  }

  private enum Way {
    STREAM(response -> response.getOutputStream().write('x')),
    ASCII(response -> response.getWriter().write('x')),
    TEXT(response -> response.getWriter().print("x")),
    LATIN(response -> response.getWriter().print("\u00e4")),
    CHINESE(response -> response.getWriter().print("\u4e2d")),
    EMOJI(response -> response.getWriter().print("\ud83d\ude00"));

    @SuppressWarnings("ImmutableEnumChecker") // None of the functions above holds anything.
    private final Piece piece;

    Way(Piece piece) {
      this.piece = piece;
    }
  }

  private static final class CountingCodec implements AttributeCodec {

    private final AttributeCodec codec = JavaSerializationCodec.builder().build();
    private final AtomicInteger encodings = new AtomicInteger();

    @Override
    public byte[] encode(Object value) {
      encodings.incrementAndGet();
      return codec.encode(value);
    }

    @Override
    public Object decode(byte[] bytes) {
      return codec.decode(bytes);
    }
  }

  @Parameter Container container;

  private final CountingCodec codec = new CountingCodec();
  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container, true, manager -> manager.codec(codec), UnaryOperator.identity())
            .on(
                "/begin",
                (request, response) ->
                    request.getSession().setAttribute("list", new ArrayList<>(List.of(0))));
    browser = site.browser();
    browser.get("/begin");
    codec.encodings.set(0);
  }

  @SuppressWarnings("unchecked")
  private static List<Integer> list(HttpSession session) {
    return (List<Integer>) session.getAttribute("list");
  }

  private static void begin(HttpServletResponse response) {
    response.setContentType("text/plain");
    response.setCharacterEncoding("UTF-8");
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("encodes what may have changed a few times, not at each write")
  void encodings_areFew(Way way) {
    site.on(
        "/page",
        (request, response) -> {
          begin(response);
          list(request.getSession()).add(1);
          for (int i = 0; i < PIECES; i++) {
            way.piece.write(response);
          }
        });
    Browser.Answer answer = browser.get("/page");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).hasSizeGreaterThanOrEqualTo(PIECES);
    assertThat(codec.encodings).hasValueBetween(1, 30);
  }

  @SuppressWarnings("unchecked")
  @ParameterizedTest
  @EnumSource
  @DisplayName("I5: is not sent before the change that was made before each write is stored")
  void changesBeforeTheCommit_areStored(Way way) {
    AtomicInteger storedAtCommit = new AtomicInteger(-1);
    AtomicInteger changedAtCommit = new AtomicInteger(-2);
    String token = browser.token();
    site.on(
        "/page",
        (request, response) -> {
          begin(response);
          List<Integer> changed = list(request.getSession());
          for (int i = 0; i < PIECES; i++) {
            if (!site.lastResponse().isCommitted()) {
              changed.set(0, i);
              way.piece.write(response);
              if (site.lastResponse().isCommitted()) {
                changedAtCommit.set(i);
                storedAtCommit.set(
                    ((List<Integer>)
                            site.stored(token).attributes().get("list").object(codec.codec))
                        .get(0));
              }
            }
          }
        });
    browser.get("/page");
    assertThat(storedAtCommit).hasValue(changedAtCommit.get());
  }

  @Test
  @DisplayName("can be dropped while it is no longer than the buffer")
  void responseWithinTheBuffer_canBeReset() {
    site.on(
        "/page",
        (request, response) -> {
          begin(response);
          list(request.getSession()).add(1);
          int size = response.getBufferSize() - 1;
          for (int i = 0; i < size; i++) {
            response.getWriter().write('x');
          }
          response.resetBuffer();
          for (int i = 0; i < size; i++) {
            response.getWriter().write('y');
          }
          response.reset();
          response.getWriter().print("another page");
        });
    assertThat(browser.get("/page").body()).isEqualTo("another page");
  }
}
