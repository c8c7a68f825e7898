package io.coatcheck.examples.frameworks.shiro;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletContext;
import java.util.EnumSet;
import org.apache.shiro.web.env.EnvironmentLoader;
import org.apache.shiro.web.env.EnvironmentLoaderListener;
import org.apache.shiro.web.env.IniWebEnvironment;
import org.apache.shiro.web.servlet.ShiroFilter;

/** Registers Shiro and the pages. */
public final class Shop {

  private Shop() {}

  /** Registers the shop as an application has it that knows nothing of Coatcheck. */
  public static void register(ServletContext context) {
    register(context, IniWebEnvironment.class);
  }

  /** Registers the shop so that a login of Shiro is a login of the session, too. */
  public static void registerWithSessionLogin(ServletContext context) {
    register(context, SessionLoginEnvironment.class);
  }

  private static void register(
      ServletContext context, Class<? extends IniWebEnvironment> environment) {
    context.setInitParameter(EnvironmentLoader.ENVIRONMENT_CLASS_PARAM, environment.getName());
    context.addListener(EnvironmentLoaderListener.class);
    context
        .addFilter("shiro", ShiroFilter.class)
        .addMappingForUrlPatterns(
            EnumSet.of(
                DispatcherType.REQUEST,
                DispatcherType.FORWARD,
                DispatcherType.INCLUDE,
                DispatcherType.ERROR),
            true,
            "/*");
    context.addServlet("pages", PageServlet.class).addMapping("/*");
  }
}
