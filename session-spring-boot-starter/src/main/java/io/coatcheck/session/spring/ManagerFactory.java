package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.store.SessionStore;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/** Builds the policy and the manager from the properties. */
final class ManagerFactory {

  private final CoatcheckProperties properties;

  ManagerFactory(CoatcheckProperties properties) {
    this.properties = properties;
  }

  SessionPolicy policy() {
    SessionPolicy.Builder builder = SessionPolicy.builder();
    return new Settings("coatcheck.")
        .set("idleTimeout", properties.idleTimeout(), builder::idleTimeout)
        .set("absoluteTimeout", properties.absoluteTimeout(), builder::absoluteTimeout)
        .set(
            "anonymousIdleTimeout",
            properties.anonymousIdleTimeout(),
            builder::anonymousIdleTimeout)
        .set(
            "rememberedIdleTimeout",
            properties.rememberedIdleTimeout(),
            builder::rememberedIdleTimeout)
        .set(
            "rememberedAbsoluteTimeout",
            properties.rememberedAbsoluteTimeout(),
            builder::rememberedAbsoluteTimeout)
        .build(builder::build);
  }

  /** Builds the manager, which closes the store. */
  SessionManager manager(
      SessionStore store,
      SessionPolicy policy,
      AttributeCodec codec,
      List<SessionListener> listeners,
      List<SessionManagerCustomizer> customizers) {
    SessionManagerBuilder builder = SessionManager.builder(store).policy(policy).codec(codec);
    if (properties.audit() && listeners.stream().noneMatch(AuditListener.class::isInstance)) {
      builder.listener(new AuditListener());
    }
    listeners.forEach(builder::listener);
    CoatcheckProperties.Attributes attributes = properties.attributes();
    new Settings("coatcheck.attributes.")
        .set("maxAttributes", attributes.maxAttributes(), builder::maxAttributes)
        .set("maxAttributeBytes", bytes(attributes.maxAttributeBytes()), builder::maxAttributeBytes)
        .set("maxSessionBytes", bytes(attributes.maxSessionBytes()), builder::maxSessionBytes);
    builder
        .dropAttributesAtLogin(properties.dropAttributesAtLogin())
        .endOnReuse(properties.endOnReuse());
    Settings settings =
        new Settings("coatcheck.")
            .alias(
                "sessionsPerPrincipal", properties.sessionsPerUser(), "coatcheck.sessions-per-user")
            .set(
                "sessionsPerUser",
                properties.sessionsPerUser(),
                limit -> builder.sessionsPerPrincipal(limit, properties.whenFull()))
            .set("touchInterval", properties.touchInterval(), builder::touchInterval)
            .set("cleanUpInterval", properties.cleanUpInterval(), builder::cleanUpInterval)
            .set("storeTimeout", properties.storeTimeout(), builder::storeTimeout)
            .set("renewInterval", properties.renewInterval(), builder::renewInterval)
            .alias(
                "maxAttributeBytes",
                attributes.maxAttributeBytes(),
                "coatcheck.attributes.max-attribute-bytes")
            .alias(
                "maxSessionBytes",
                attributes.maxSessionBytes(),
                "coatcheck.attributes.max-session-bytes");
    customizers.forEach(customizer -> customizer.customize(builder));
    return settings.build(builder::build);
  }

  private static @Nullable Integer bytes(@Nullable DataSize size) {
    return size == null ? null : (int) Math.min(size.toBytes(), Integer.MAX_VALUE);
  }
}
