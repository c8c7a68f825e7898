package io.coatcheck.session.spring;

import java.util.List;
import java.util.stream.Stream;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.AbstractBeanDefinition;

/**
 * Finds the beans that Spring would inject where only their type is named, to list them in a
 * message. Those that are declared with {@code defaultCandidate=false} or {@code
 * autowireCandidate=false}, and the targets of scoped proxies, are not among them.
 */
final class CandidateNames {

  private CandidateNames() {}

  /** Returns the names of the beans of a type, with those of parent contexts. Creates no bean. */
  static List<String> of(ConfigurableListableBeanFactory beans, Class<?> type) {
    return Stream.of(BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beans, type, true, false))
        .filter(name -> isCandidate(beans, name))
        .toList();
  }

  private static boolean isCandidate(ConfigurableListableBeanFactory beans, String name) {
    if (beans.containsBeanDefinition(name)) {
      BeanDefinition definition = beans.getMergedBeanDefinition(name);
      return definition.isAutowireCandidate()
          && !(definition instanceof AbstractBeanDefinition known && !known.isDefaultCandidate());
    }
    BeanFactory parent = beans.getParentBeanFactory();
    return beans.containsSingleton(name)
        || !(parent instanceof ConfigurableListableBeanFactory above)
        || isCandidate(above, name);
  }
}
