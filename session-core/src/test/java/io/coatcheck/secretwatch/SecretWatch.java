package io.coatcheck.secretwatch;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test run in which a secret of a session is written anywhere (rule I1). It is there
 * wherever this module is on the class path, around all tests: it remembers each secret that is
 * drawn, and looks for them in all logs, in what is printed, and in the message of each exception.
 *
 * <p>What is logged or printed fails the test class that did it; an exception, which the flight
 * recorder tells at the end, fails the run.
 */
public final class SecretWatch implements BeforeAllCallback, BeforeEachCallback, AfterAllCallback {

  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(SecretWatch.class);

  /** What watches one run; closed when the run ends. */
  static final class Run implements AutoCloseable {

    private final IssuedSecrets secrets = new IssuedSecrets();
    private final Findings findings = new Findings(secrets);
    private final Written written = new Written(findings);
    private final Thrown thrown = new Thrown(findings);

    private Run() {
      ListeningRandom.install(secrets);
      written.install();
      thrown.install();
    }

    Findings findings() {
      return findings;
    }

    @Override
    public void close() {
      thrown.lookThrough();
      ListeningRandom.uninstall();
      System.out.println(
          "Secret watch: none of "
              + secrets.count()
              + " secrets in "
              + findings.texts()
              + " log lines and exceptions, but for what is reported.");
      findings.requireNone();
    }
  }

  static Run run(ExtensionContext context) {
    return context
        .getRoot()
        .getStore(NAMESPACE)
        .getOrComputeIfAbsent(Run.class, key -> new Run(), Run.class);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    run(context).written.listen();
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    run(context).written.listen();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    run(context).findings.requireNone();
  }
}
