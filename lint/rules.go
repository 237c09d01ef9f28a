package lint

import (
	"embed"

	"github.com/seedpack/seedpack/diag"
)

// rules are all rules on a manifest's values, by subject.
var rules = []*Rule{
	imageNameLowercase, imageNamePlus, imageNameDash, imageNameForm, imageNameLength, imageNameSuffix,
	integerFraction, timeoutPositive, timeoutLong,
	titleForm, descriptionForm, descriptionMarkup, tagsForm,
	maintainerName, maintainerEmail, maintainerURL, maintainerPhone, maintainerOrganization,
	resourcesMissing, resourcesScalar, resourcesRecommended, resourceNameUnique, resourceNameCase, resourceNonstandard,
	resourceNegative, resourceZero, resourceGPUs, resourceMultiplier, resourceBytes,
	variableUnique, variableReserved, variableAllocated, variableShadow, variableName, variableNormalForm,
	outputNameUnique, outputKeyUnique, outputKeyEmpty, errorNameUnique, mountNameUnique, nameCase,
	commandSyntax, commandShell, commandUndeclared, commandSecret, commandOptional, commandOptionalLiteral, commandQuotes,
	commandPortability, commandBrackets, commandAllocated, commandSettingName, commandBraces, commandEmpty, commandBlanks, commandJSON,
	mediaType, mediaTypesEmpty, mediaTypeUnregistered,
	outputPattern, outputPatternDialect, outputPatternReserved, outputPatternOverlap, outputMultiple, outputExtension,
	mountPathAbsolute, mountPathClean, mountPathOverlap, mountPathSystem, dataOutside,
	settingSecret,
	errorCodeRange, errorCodeUnique, errorCodeShell, errorCodeData, errorTitle,
}

// Rules returns all rules of this package, first those of syntax and schema. The caller must not change them.
func Rules() []*diag.Rule {
	all := append([]*diag.Rule{}, syntaxRules...)
	all = append(all, schemaRules...)
	for _, r := range rules {
		all = append(all, &r.Rule)
	}
	return append(all, jobRules...)
}

//go:embed testdata/*.txtar
var archives embed.FS

// Explain returns the archive of a rule: the reason for it, and examples with and without findings.
func Explain(id string) (archive string, ok bool) {
	text, err := archives.ReadFile("testdata/" + id + ".txtar")
	return string(text), err == nil
}
