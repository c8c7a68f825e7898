package io.coatcheck.secretwatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

@DisplayName("I1, F2: a secret that is written anywhere is found")
@ExtendWith(SecretWatchTest.OfThisRun.class)
class SecretWatchTest {

  static final class OfThisRun implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == Findings.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return SecretWatch.run(context).findings();
    }
  }

  private final byte[] secret = new byte[32];
  private Findings findings;

  @BeforeEach
  void draw(Findings ofThisRun) {
    findings = ofThisRun;
    new SecureRandom().nextBytes(secret);
  }

  @AfterEach
  void forget() {
    try {
      findings.requireNone();
    } catch (AssertionError e) {
      // It was meant to be.
    }
  }

  private String text() {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
  }

  /** Has a message that the flight recorder does not see, so that the run does not fail. */
  private static final class Telling extends RuntimeException {

    private static final long serialVersionUID = 1L;
    private final String text;

    Telling(String text) {
      this.text = text;
    }

    @Override
    public String getMessage() {
      return text;
    }
  }

  /** Ways to write a text. */
  enum Way {
    OUR_LOG {
      @Override
      void write(String text) {
        LoggerFactory.getLogger("io.coatcheck.session.Anything").trace("the token is {}", text);
      }
    },
    ANOTHERS_LOG {
      @Override
      void write(String text) {
        LoggerFactory.getLogger("com.example").info("got " + text + "!");
      }
    },
    EXCEPTION_IN_A_LOG {
      @Override
      void write(String text) {
        Exception cause = new IllegalStateException("inner");
        cause.addSuppressed(new Telling(text));
        LoggerFactory.getLogger("com.example").error("failed", new RuntimeException(cause));
      }
    },
    JAVA_UTIL_LOGGING {
      @Override
      void write(String text) {
        Logger.getLogger("org.apache.example").log(Level.INFO, "header {0}", text);
      }
    },
    STANDARD_OUTPUT {
      @Override
      void write(String text) {
        System.out.println("token=" + text);
      }
    },
    STANDARD_ERROR {
      @Override
      void write(String text) {
        System.err.println(text);
      }
    };

    abstract void write(String text);
  }

  @ParameterizedTest
  @MethodSource("ways")
  void watch_seesSecrets(Way way) {
    way.write(text());

    assertThatThrownBy(findings::requireNone)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("rule I1")
        .hasMessageContaining(text());
  }

  static Stream<Way> ways() {
    return Stream.of(Way.values());
  }

  @Test
  void watch_seesOtherWritings() {
    String hexadecimal = HexFormat.of().formatHex(secret);
    for (String writing :
        List.of(
            hexadecimal,
            hexadecimal.toUpperCase(Locale.ROOT),
            "x" + Base64.getEncoder().encodeToString(secret),
            "01940000-0000-7000-8000-000000000000." + text(),
            "_" + text() + "_",
            text().substring(0, 11) + "...")) {
      findings.look("here", writing);
      assertThatThrownBy(findings::requireNone).as(writing).isInstanceOf(AssertionError.class);
    }
  }

  @Test
  void watch_seesMessagesOfExceptions_thatAreNotLogged() {
    // Drawn by none of the ways that the watch over this run listens to.
    new Random(1).nextBytes(secret);
    IssuedSecrets secrets = new IssuedSecrets();
    secrets.add(secret);
    Findings ofExceptions = new Findings(secrets);
    Thrown thrown = new Thrown(ofExceptions);
    thrown.install();
    for (String message : new String[] {null, "harmless", "token " + text()}) {
      assertThat(new IllegalStateException(message)).hasMessage(message);
    }

    thrown.lookThrough();

    assertThatThrownBy(ofExceptions::requireNone)
        .hasMessageContaining("message of java.lang.IllegalStateException")
        .hasMessageNotContaining("harmless");
  }

  @Test
  void watch_acceptsOtherTexts() {
    for (int i = 0; i < 1_000; i++) {
      byte[] other = new byte[32];
      new Random(i).nextBytes(other);
      findings.look("here", Base64.getUrlEncoder().encodeToString(other));
    }
    findings.look("here", text().substring(1));

    assertThatCode(findings::requireNone).doesNotThrowAnyException();
  }
}
