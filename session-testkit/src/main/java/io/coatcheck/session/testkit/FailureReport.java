package io.coatcheck.session.testkit;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/**
 * Prefixes a failure with the broken sentence of the specification, and the sample. Shortens what
 * it lists: a test of a thousand sessions would otherwise list all of them several times, and hide
 * which of them differs.
 */
final class FailureReport implements TestExecutionExceptionHandler {

  /** The elements of a collection are lines that are indented so, except for the first one. */
  private static final String ELEMENT = "    ";

  private static final int SHOWN_ELEMENTS = 5;
  private static final int SHOWN_CHARACTERS = 500;

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable thrown)
      throws Throwable {
    if (thrown instanceof TestAbortedException) {
      throw thrown;
    }
    boolean isAssertion = thrown instanceof AssertionError;
    String message =
        context.getTestMethod().map(method -> sentence(context, method)).orElse("")
            + shortened(String.valueOf(isAssertion ? thrown.getMessage() : thrown));
    // The message of an assertion is in the new one, and would be printed again in full.
    AssertionError failure = new AssertionError(message, isAssertion ? thrown.getCause() : thrown);
    failure.setStackTrace(thrown.getStackTrace());
    for (Throwable suppressed : thrown.getSuppressed()) {
      failure.addSuppressed(suppressed);
    }
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

  private static String shortened(String message) {
    List<String> lines = new ArrayList<>();
    List<String> elements = new ArrayList<>();
    for (String line : message.split("\n", -1)) {
      if (line.startsWith(ELEMENT)) {
        elements.add(line);
      } else {
        moveTo(lines, elements);
        lines.add(beginning(line));
      }
    }
    moveTo(lines, elements);
    return String.join("\n", lines);
  }

  private static void moveTo(List<String> lines, List<String> elements) {
    // One more takes the place of the line that would count it.
    int shown = elements.size() > SHOWN_ELEMENTS + 1 ? SHOWN_ELEMENTS : elements.size();
    elements.subList(0, shown).forEach(line -> lines.add(beginning(line)));
    if (shown < elements.size()) {
      lines.add(ELEMENT + "and " + (elements.size() - shown) + " more");
    }
    elements.clear();
  }

  private static String beginning(String line) {
    return line.length() <= SHOWN_CHARACTERS
        ? line
        : line.substring(0, SHOWN_CHARACTERS) + "... of " + line.length() + " characters";
  }
}
