package io.coatcheck.session.spring;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Import;

/**
 * Refuses to start an application that was processed ahead of time with parts of Coatcheck on that
 * are off now, or the other way round. Does nothing in any other application, and adds no part.
 *
 * @since 0.1.0
 */
@AutoConfiguration
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@Import(ProcessedSwitches.Recorder.class)
public final class CoatcheckSwitchesAutoConfiguration {

  CoatcheckSwitchesAutoConfiguration() {}
}
