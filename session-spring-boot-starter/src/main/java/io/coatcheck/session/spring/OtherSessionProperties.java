package io.coatcheck.session.spring;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/**
 * Names the properties of other sessions that have no effect, with what to set in place of them.
 */
final class OtherSessionProperties {

  private static final Logger LOG = LoggerFactory.getLogger(OtherSessionProperties.class);

  private static final String PERSISTENT = "server.servlet.session.persistent";

  /** What to say about a property, by its {@linkplain #uniform uniform} name. */
  private static final Map<String, String> REMARKS = new HashMap<>();

  static {
    String server = "server.servlet.session.";
    putCounterpart(server + "timeout", "coatcheck.idle-timeout");
    putCounterpart(server + "cookie.name", "coatcheck.cookie.name");
    putCounterpart(server + "cookie.path", "coatcheck.cookie.path");
    putCounterpart(server + "cookie.domain", "coatcheck.cookie.domain");
    putCounterpart(server + "cookie.same-site", "coatcheck.cookie.same-site");
    putCounterpart(server + "cookie.partitioned", "coatcheck.cookie.partitioned");
    putCounterpart(server + "cookie.max-age", "coatcheck.remembered-absolute-timeout");
    putRemark(server + "cookie.http-only", "always true");
    putRemark(
        server + "cookie.secure",
        "always true, unless coatcheck.cookie.insecure-for-local-development is");
    putCounterpart("spring.session.timeout", "coatcheck.idle-timeout");
    putCounterpart("spring.session.store-type", "coatcheck.store");
    putCounterpart("spring.session.jdbc.table-name", "coatcheck.jdbc.table-name");
    putCounterpart("spring.session.jdbc.initialize-schema", "coatcheck.jdbc.create-schema");
    putCounterpart("spring.session.jdbc.platform", "coatcheck.jdbc.database");
    // Spring Boot 4 has renamed those of Redis.
    for (String redis : List.of("spring.session.redis.", "spring.session.data.redis.")) {
      putCounterpart(redis + "namespace", "coatcheck.redis.key-prefix");
    }
    for (String store :
        List.of("spring.session.jdbc.", "spring.session.redis.", "spring.session.data.redis.")) {
      putCounterpart(store + "cleanup-cron", "coatcheck.clean-up-interval");
      putRemark(store + "flush-mode", "changes are stored before the response is sent");
      putRemark(store + "save-mode", "values that were changed in place are stored");
    }
  }

  private OtherSessionProperties() {}

  private static void putCounterpart(String name, String counterpart) {
    putRemark(name, "use " + counterpart);
  }

  private static void putRemark(String name, String remark) {
    REMARKS.put(uniform(name), remark);
  }

  /** Returns the same text for each spelling of a name, such as sameSite and same-site. */
  private static String uniform(String name) {
    return name.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
  }

  static void warn(Environment environment, MigrationProperties migration) {
    Map<String, String> ignored = new TreeMap<>();
    find(environment, "server.servlet.session", ignored);
    find(environment, "spring.session", ignored);
    Set<String> used =
        usedBy(migration).stream().map(OtherSessionProperties::uniform).collect(Collectors.toSet());
    ignored.keySet().removeIf(name -> used.contains(uniform(name)));
    if (!isSetByTheApplication(environment, PERSISTENT)) {
      ignored.remove(PERSISTENT);
    }
    if (!ignored.isEmpty()) {
      LOG.warn(
          "Properties without effect on the sessions of Coatcheck: {}",
          ignored.entrySet().stream()
              .map(entry -> entry.getKey() + " (" + entry.getValue() + ")")
              .collect(Collectors.joining(", ")));
    }
  }

  /** Returns the properties by which a bridge finds the old sessions and their cookie. */
  private static List<String> usedBy(MigrationProperties migration) {
    List<String> used = new ArrayList<>();
    boolean isAdopting = migration.containerSession().enabled();
    if (isAdopting) {
      used.add(PERSISTENT);
      used.add("server.servlet.session.store-dir");
    }
    MigrationProperties.SpringSession imported = migration.springSession();
    if (imported.enabled() && imported.tableName() == null) {
      used.add(ImportFactory.FORMER_TABLE);
    }
    if (isAdopting || (imported.enabled() && imported.cookieName() == null)) {
      used.add(OldCookies.SERVER + "name");
    }
    if (isAdopting || (imported.enabled() && imported.cookiePath() == null)) {
      used.add(OldCookies.SERVER + "path");
    }
    if (isAdopting || (imported.enabled() && imported.cookieDomain() == null)) {
      used.add(OldCookies.SERVER + "domain");
    }
    return used;
  }

  /** Returns whether a property has another source than the defaults of DevTools. */
  private static boolean isSetByTheApplication(Environment environment, String name) {
    return !(environment instanceof ConfigurableEnvironment configurable)
        || configurable.getPropertySources().stream()
            .filter(source -> !source.getName().equals("devtools"))
            .filter(
                source ->
                    !ConfigurationPropertySources.isAttachedConfigurationPropertySource(source))
            .anyMatch(source -> source.containsProperty(name));
  }

  private static void find(Environment environment, String prefix, Map<String, String> found) {
    Binder.get(environment)
        .bind(prefix, Bindable.mapOf(String.class, Object.class))
        .ifBound(properties -> flatten(prefix, properties, found));
  }

  private static void flatten(String prefix, Map<?, ?> properties, Map<String, String> found) {
    properties.forEach(
        (key, value) -> {
          String name = prefix + "." + key;
          if (value instanceof Map<?, ?> nested) {
            flatten(name, nested, found);
          } else {
            found.put(name, REMARKS.getOrDefault(uniform(name), "no counterpart"));
          }
        });
  }
}
