package io.coatcheck.session.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Shows a refused property at the start, without a stack trace. */
final class InvalidSettingAnalyzer extends AbstractFailureAnalyzer<InvalidSettingException> {

  @Override
  protected @Nullable FailureAnalysis analyze(
      Throwable rootFailure, InvalidSettingException cause) {
    return new FailureAnalysis(
        "Coatcheck was not started. " + cause.getMessage(),
        "Change the configuration; docs/SPRING.md of Coatcheck describes each property.",
        rootFailure);
  }
}
