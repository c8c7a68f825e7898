package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.spring.IneffectiveProperties.Part;
import io.coatcheck.session.store.SessionStore;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.util.ClassUtils;
import org.springframework.web.context.WebApplicationContext;

/**
 * Looks at the application before it gets its first request: a second session filter, or the one of
 * Spring Session, would keep some of the attributes elsewhere, without any error.
 */
final class StartCheck implements SmartInitializingSingleton {

  private static final String SPRING_SESSION = "springSessionRepositoryFilter";

  /** The package of the bridges, which may not be on the class path. */
  private static final String BRIDGES = "io.coatcheck.session.migration.";

  private static final Logger LOG = LoggerFactory.getLogger(StartCheck.class);

  private static final Part[] STORES = {
    Part.STORE, Part.MEMORY, Part.JDBC, Part.REDIS, Part.NEAR_CACHE, Part.NEAR_CACHE_SWITCH
  };

  private final WebApplicationContext context;
  private final ConfigurableListableBeanFactory beans;
  private final IneffectiveProperties ineffective;

  StartCheck(
      WebApplicationContext context,
      ConfigurableListableBeanFactory beans,
      IneffectiveProperties ineffective) {
    this.context = context;
    this.beans = beans;
    this.ineffective = ineffective;
  }

  @Override
  public void afterSingletonsInstantiated() {
    if (context.containsBean(SPRING_SESSION)) {
      throw new InvalidSettingException(
          "Spring Session is active too (the bean "
              + SPRING_SESSION
              + "): remove its dependency, or set coatcheck.enabled to false");
    }
    ServletContext servletContext = context.getServletContext();
    if (servletContext != null) {
      refuseFiltersByHand(servletContext);
    }
    OtherSessionProperties.warn(context.getEnvironment(), migration());
    warnOfUnusedStore();
    warnOfOwnBeans();
    if (isPresent(BRIDGES + "SpringSessionImport")) {
      warnOfOwnBridges();
      warnOfRecordsInMemory();
    }
  }

  private MigrationProperties migration() {
    return beans.getBean(CoatcheckProperties.class).migration();
  }

  private boolean isPresent(String type) {
    return ClassUtils.isPresent(type, beans.getBeanClassLoader());
  }

  private void warnOfRecordsInMemory() {
    MigrationProperties migration = migration();
    boolean isBridged =
        migration.springSession().enabled()
            || migration.jwt().enabled()
            || migration.containerSession().enabled();
    if (isBridged
        && beans.getBeanProvider(SessionManager.class).stream()
            .anyMatch(manager -> manager.store() instanceof InMemorySessionStore)) {
      LOG.warn(
          "A bridge of coatcheck.migration is on, and the records of used-up credentials are in the"
              + " memory of this process, like the sessions. A restart makes used-up tokens and old"
              + " cookies good again, even those that came with a logout. Keep sessions in a"
              + " database or in Redis");
    }
  }

  private void warnOfOwnBridges() {
    MigrationProperties migration = migration();
    if (migration.springSession().enabled()) {
      if (!context.containsBean(CoatcheckMigrationAutoConfiguration.IMPORT)) {
        ineffective.warnOf(
            "its own SpringSessionImport", Part.SPRING_SESSION, Part.SPRING_SESSION_TABLE);
      } else if (hasBean("SpringSessions")) {
        ineffective.warnOf("a bean of type SpringSessions", Part.SPRING_SESSION_TABLE);
      }
    }
    if (migration.jwt().enabled()) {
      if (!context.containsBean(CoatcheckMigrationAutoConfiguration.EXCHANGE)) {
        ineffective.warnOf("its own JwtExchange", Part.JWT, Part.JWT_COOKIE, Part.JWT_DECODER);
      } else if (hasBean("TokenVerifier")) {
        ineffective.warnOf("a bean of type TokenVerifier", Part.JWT_DECODER);
      }
    }
    if (migration.containerSession().enabled()
        && !context.containsBean(CoatcheckMigrationAutoConfiguration.ADOPTION)) {
      ineffective.warnOf("its own ContainerSessionAdoption", Part.CONTAINER_SESSION);
    }
    if (migration.backChannelLogout().path() != null
        && !context.containsBean(CoatcheckMigrationAutoConfiguration.LOGOUT_ENDPOINT)) {
      ineffective.warnOf("its own BackChannelLogout", Part.BACK_CHANNEL_LOGOUT);
    }
  }

  /** Returns whether there is a bean of a type of the bridges. */
  private boolean hasBean(String bridgeType) {
    Class<?> type = ClassUtils.resolveClassName(BRIDGES + bridgeType, beans.getBeanClassLoader());
    return beans.getBeanNamesForType(type, true, false).length > 0;
  }

  private void warnOfOwnBeans() {
    if (!context.containsBean(CoatcheckAutoConfiguration.MANAGER)) {
      ineffective.warnOf(
          "its own SessionManager", Part.POLICY, Part.MANAGER, Part.AUDIT, Part.ENCODED_SIZES);
    } else {
      warnOfPartsOfManager();
    }
    if (!context.containsBean(CoatcheckAutoConfiguration.CODEC) && !isListOfImport()) {
      ineffective.warnOf("its own AttributeCodec", Part.CODEC);
    }
    if (!context.containsBean(CoatcheckAutoConfiguration.STORE)) {
      ineffective.warnOf("its own SessionStore", STORES);
    } else if (!beans.containsSingleton(CoatcheckAutoConfiguration.STORE)) {
      ineffective.warnOf("a SessionManager with its own store", STORES);
    }
    if (!(beans.containsBean(CoatcheckAutoConfiguration.REGISTRATION)
        && beans.getBean(CoatcheckAutoConfiguration.REGISTRATION)
            instanceof FilterFactory.Registration)) {
      ineffective.warnOf("its own SessionFilter", Part.FILTER, Part.CROSS_ORIGIN);
    }
  }

  /**
   * Returns whether the import decodes by the allow-list, since the codec has none that it can use.
   */
  private boolean isListOfImport() {
    return context.containsBean(CoatcheckMigrationAutoConfiguration.IMPORT)
        && !(beans.getBean(AttributeCodec.class) instanceof JavaSerializationCodec);
  }

  private void warnOfPartsOfManager() {
    if (!context.containsBean(CoatcheckAutoConfiguration.POLICY)) {
      ineffective.warnOf("its own SessionPolicy", Part.POLICY);
    }
    boolean isAudited =
        beans.getBeanProvider(SessionListener.class).stream()
            .anyMatch(AuditListener.class::isInstance);
    if (isAudited && !beans.getBean(CoatcheckProperties.class).audit()) {
      ineffective.warnOf("its own AuditListener", Part.AUDIT);
    }
  }

  /** A bean that injects a store makes the starter build one, before a manager has another. */
  private void warnOfUnusedStore() {
    String[] managers = beans.getBeanNamesForType(SessionManager.class, true, false);
    if (managers.length == 1
        && beans.getSingleton(CoatcheckAutoConfiguration.STORE) instanceof SessionStore built
        && beans.getBean(managers[0], SessionManager.class).store() != built) {
      List<String> users = List.of(beans.getDependentBeans(CoatcheckAutoConfiguration.STORE));
      if (!users.contains(managers[0])) {
        LOG.warn(
            "The SessionManager {} does not keep its sessions in the SessionStore that is injected"
                + " into {}. Declare the store of the manager as a bean",
            managers[0],
            users);
      }
    }
  }

  private void refuseFiltersByHand(ServletContext servletContext) {
    Map<String, SessionFilter> placed = new HashMap<>();
    boolean isOurs = false;
    for (String name : context.getBeanNamesForType(FilterRegistrationBean.class)) {
      FilterRegistrationBean<?> registration = context.getBean(name, FilterRegistrationBean.class);
      if (registration.isEnabled() && registration.getFilter() instanceof SessionFilter filter) {
        placed.put(registration.getFilterName(), filter);
        isOurs |= name.equals(CoatcheckAutoConfiguration.REGISTRATION);
      }
    }
    if (isOurs && Set.copyOf(placed.values()).size() > 1) {
      throw new InvalidSettingException(
          "The application registers a SessionFilter beside that of the starter: "
              + placed.keySet()
              + ". Declare its bean with the type FilterRegistrationBean<SessionFilter>");
    }
    OldCookies old = new OldCookies(migration(), context.getEnvironment());
    boolean imports = context.containsBean(CoatcheckMigrationAutoConfiguration.IMPORT);
    for (SessionFilter filter : placed.values()) {
      filter.cookie().ifPresent(ours -> old.refuse(ours.name(), imports));
    }
    for (FilterRegistration registration : servletContext.getFilterRegistrations().values()) {
      if (SessionFilter.class.getName().equals(registration.getClassName())
          && !placed.containsKey(registration.getName())) {
        throw new InvalidSettingException(
            "The SessionFilter "
                + registration.getName()
                + " was registered in the ServletContext by hand, where it comes after Spring"
                + " Security. Remove that: the starter registers the filter. To change its"
                + " settings, declare a SessionFilterCustomizer or a SessionFilter bean");
      }
    }
  }
}
