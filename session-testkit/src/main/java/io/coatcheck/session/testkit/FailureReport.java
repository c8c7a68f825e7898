package io.coatcheck.session.testkit;

import java.lang.reflect.Method;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/** Prefixes a failure with the broken sentence of the specification, and the sample. */
final class FailureReport implements TestExecutionExceptionHandler {

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable thrown)
      throws Throwable {
    if (thrown instanceof TestAbortedException) {
      throw thrown;
    }
    String message =
        context.getTestMethod().map(method -> sentence(context, method)).orElse("")
            + (thrown instanceof AssertionError ? thrown.getMessage() : thrown.toString());
    AssertionError failure = new AssertionError(message, thrown);
    failure.setStackTrace(thrown.getStackTrace());
    throw failure;
  }

  private static String sentence(ExtensionContext context, Method method) {
    StringBuilder text = new StringBuilder();
    Sentence broken = method.getAnnotation(Sentence.class);
    if (broken != null) {
      text.append("Broken: ")
          .append(broken.of().getSimpleName())
          .append(" says \"")
          .append(broken.value())
          .append("\"\n");
    }
    if (method.getParameterCount() > 0) {
      text.append("With: ").append(context.getDisplayName()).append('\n');
    }
    return text.toString();
  }
}
